"""Casework: referrals from recommendation to outcome, and the openings and wishes that people edit."""
