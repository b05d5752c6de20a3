"""The demo city: generated, marked 示例, the same for the same seed and day, refused in production."""

from app.seed.commands import demo_logins, seed

__all__ = ["demo_logins", "seed"]
