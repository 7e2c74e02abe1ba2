"""The headings of report sections: their words, and where in a text words are a heading."""
