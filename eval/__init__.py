"""The product's quality and speed as numbers that anyone can print again."""
