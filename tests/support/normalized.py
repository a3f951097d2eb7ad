"""Emails, and what each rule of docs/identity.md makes of them, by hand."""

RULES = ("as_is", "lower_trim", "customer_match", "uid2")
NORMALIZED = {
    email: dict(zip(RULES, (email, *others), strict=True))
    for email, *others in [
        ("ann@example.com", "ann@example.com", "ann@example.com", "ann@example.com"),
        (" Ann@Example.com ", "ann@example.com", "ann@example.com", "ann@example.com"),
        ("Ann.Lee+shop@GMail.com ", "ann.lee+shop@gmail.com", "ann.lee+shop@gmail.com", "annlee@gmail.com"),
        (" a.n.n@example.net", "a.n.n@example.net", "a.n.n@example.net", "ann@example.net"),
        ("a.b+c@example.com", "a.b+c@example.com", "a.b+c@example.com", "a.b+c@example.com"),
        ("a.b@notgmail.com", "a.b@notgmail.com", "a.b@notgmail.com", "a.b@notgmail.com"),
        ("a.b@gmail.com.example", "a.b@gmail.com.example", "a.b@gmail.com.example", "a.b@gmail.com.example"),
        ("Ann Lee@example.net", "ann lee@example.net", "annlee@example.net", "ann lee@example.net"),
        # UID2 speaks of blanks; the others take a tab and a new line for one, too.
        ("\tAnn@example.com\n", "ann@example.com", "ann@example.com", "\tann@example.com\n"),
        ("a.b@c@gmail.com", "a.b@c@gmail.com", "a.b@c@gmail.com", "ab@gmail.com"),
        ("No address 1", "no address 1", "noaddress1", "no address 1"),
        ("ÄNN@example.com", "änn@example.com", "änn@example.com", "änn@example.com"),
    ]
}
