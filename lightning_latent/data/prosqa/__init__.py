"""Graphs, sentences and questions of ProsQA's kind, made on the fly."""
