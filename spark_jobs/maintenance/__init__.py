"""Work on a lake as a whole, outside of the nightly run: upgrade to a newer format, and loading a feed again with a changed contract."""
