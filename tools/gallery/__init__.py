"""The gallery of views in docs/views: stories, a stage for them, and what makes the pictures."""
