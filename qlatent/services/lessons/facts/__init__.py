"""What lessons ask about: functions of a step's state that return what is true at that moment, with its spread."""
