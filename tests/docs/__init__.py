"""Documentation is executed: every block of code in a page is run, validated, or marked as not runnable."""
