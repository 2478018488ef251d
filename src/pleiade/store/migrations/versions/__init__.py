"""The numbered steps of the schema's history. They know nothing of the program that runs them."""
