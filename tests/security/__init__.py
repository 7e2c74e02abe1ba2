"""What hostile files, folders and feeds do to the program: each ends with a reason, and costs no more than itself."""
