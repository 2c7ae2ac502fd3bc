"""What is known about the product: its numbers and words, each with its source, and the catalogue of findings."""
