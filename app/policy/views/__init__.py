"""The law's pages: the eligibility check, the public record, and the bureau's lists and designations."""
