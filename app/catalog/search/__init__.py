"""Finding courses: one contract (`contract`), its analysis of text (`analysis`), and the engines behind it."""
