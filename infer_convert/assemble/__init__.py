"""From readings to plans: wire, settle the sizes, decide the rest, weigh."""
