"""From a report to production: verification, signatures, and switching models without a mixture."""
