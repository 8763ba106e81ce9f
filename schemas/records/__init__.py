"""What is written: reports, policies, histories, data sets, decisions, releases."""
