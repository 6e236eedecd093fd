"""What a server's work looks like from outside: `trace` measures, `meter` and `prometheus` tell."""
