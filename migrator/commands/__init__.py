"""One plain function a command, callable from Python."""
