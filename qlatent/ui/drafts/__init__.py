"""What a page shows as a step of a lesson: the button of the pages Explore, Compare and Circuits."""
