"""What every other part rests on: errors, table schemas, the study folder, plug-in discovery."""
