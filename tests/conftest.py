"""What every test may use. Nothing here imports torch: tests that need it import it themselves."""
