"""What people may ask of us and what the law asks: access, consent, erasure, scanning, the register."""
