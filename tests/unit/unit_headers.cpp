// Owns the precompiled GoogleTest headers of all unit test programs.
int main() {}
