a threshold of 50
