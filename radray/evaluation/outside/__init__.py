"""What others computed: scores of the same predictions by another program, and published results."""
