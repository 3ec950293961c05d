"""Marks for the tools that instructors have, a module per format: outcomes in, the text of a file out."""
