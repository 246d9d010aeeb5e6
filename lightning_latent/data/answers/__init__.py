"""From generated text to a typed answer, in stages that can be read one by one.

`plain` gives a text one spelling; `scope` finds what counts of it; `statements` which parts state an answer; and
`numbers`, `options`, `verdicts` what such a part says. `typed` has the answers and compares them by value. All are pure
functions, none of them fails, whatever the text, and where a careful reader would not be sure there is no answer.
"""
