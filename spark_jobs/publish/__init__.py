"""Publishing: what a night built becomes what people read, all of it at once."""
