"""The Dataverse Web API: one client, its errors, and one function per endpoint."""
