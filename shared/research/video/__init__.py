"""What is said in a video and when: captions, chapters, key moments."""
