"""A business that wants to join a group: the group is asked, and answers before its branch is opened."""
