"""What each verb takes and shows; what it does stands in the modules that it calls."""
