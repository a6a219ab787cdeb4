"""Random faults upon clients under load, in step with a plan that a seed draws."""
