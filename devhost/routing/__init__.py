"""Route templates as ASP.NET Core reads and matches them, without its endpoint routing's precedence."""
