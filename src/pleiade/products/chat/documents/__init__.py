"""Text out of files that strangers wrote: plain text, PDF, Word, pictures; and chats out of other programs' exports.

Reading happens in a child process with bounds on time and memory (reader.py starts it). It knows bytes and names, and
neither the database nor whose files they are.
"""
