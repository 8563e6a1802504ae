"""How likely an edit helps: what it is weighed by, the trees that weigh it, and the test whether they are right."""
