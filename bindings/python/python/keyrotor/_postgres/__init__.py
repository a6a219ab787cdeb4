"""What all adapters for PostgreSQL drivers share. Imports no driver; not API."""
