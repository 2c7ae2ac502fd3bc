"""What lies between the stages: one file = type, format version, reader, writer, upgrade."""
