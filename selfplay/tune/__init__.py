"""Fine-tuning a network on records, and judging what it changed."""
