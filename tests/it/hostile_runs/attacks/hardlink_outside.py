def write_through():
    os.link(outside("plain.txt"), outside("second"))
    write(outside("second"), "by the tool")
attempt("link beside", write_through)
def write_here():
    os.link(outside("plain.txt"), "here")
    write("here", "by the tool")
attempt("link here", write_here)
