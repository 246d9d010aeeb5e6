"""Questions of ProntoQA's kind made on the fly, and how they are told otherwise."""
