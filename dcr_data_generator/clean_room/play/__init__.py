"""The live page: an audience types a question, and everybody sees what the clean room does."""
