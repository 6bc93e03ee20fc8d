"""Questions in, cited answers and grades out."""
