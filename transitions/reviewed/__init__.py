"""Whom a review has found, kept for its pages."""
