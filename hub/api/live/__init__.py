"""What is told as it happens: subscriptions over WebSockets and event streams."""
