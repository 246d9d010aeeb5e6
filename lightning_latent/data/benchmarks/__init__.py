"""Benchmarks, one small adapter each, and the reading of answers that they share."""
