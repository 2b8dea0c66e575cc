"""What a recipe may write where a value stands, and how one is drawn from it."""
