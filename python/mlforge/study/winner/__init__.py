"""What happens to the winner: confirmed in the app, measured on the sealed split, written and described."""
