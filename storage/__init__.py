"""PostgreSQL: the tables as models, and the migrations that make them."""
