"""What is wrong with an installation, and how to mend it: checks that look and change nothing, and a bundle to send.

It knows the home, the settings, the database, the books and the table of engines; it knows no HTTP route and no screen.
"""
