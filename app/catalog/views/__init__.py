"""The catalog's pages, one module per reader and noun."""
