"""Writing the catalog: courses by their institution, reviews by the bureau, runs."""
