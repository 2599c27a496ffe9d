print((lambda exec: exec("1"))(len))
