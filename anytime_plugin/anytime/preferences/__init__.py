"""What a method learns from: pools of scored traces, and pairs selected from them."""
