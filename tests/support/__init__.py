"""What the tests share: a scripted upstream and helpers to drive editors."""
